"""Finding a service: what is indexed (indexing), how words are read (words, search), how a shelf is filtered,
sorted and priced in memory (columns, shelves, facets), how services are compared (comparison)."""
