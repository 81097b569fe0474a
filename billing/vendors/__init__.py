"""What an operator owes its vendors: terms agreed, statements drawn up by a job, answers, payments."""
