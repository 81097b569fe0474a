"""What is odd in the drafts of a run: found before a person looks, told in words, seen or put right."""
