"""A seeded adversary, people who go on working meanwhile, and what must stay true."""
