"""What workflows need of an index: its tables as arrays, its graph, its decisions, what came before."""
