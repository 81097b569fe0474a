"""Services read from elsewhere: a publiccode.yml, another Halle. A worker reads, a person decides."""
