"""How good a clustering is, against labels."""
