"""pgvector: tables of PostgreSQL with an index of the access method ``ivfflat``."""
