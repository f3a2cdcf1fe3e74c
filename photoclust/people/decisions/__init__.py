"""What people said: the decisions file, and what must be together and apart because of it."""
