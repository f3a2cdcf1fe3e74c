"""What Python programs and notebooks call; `photoclust` itself offers it, and imports it when it is used."""
