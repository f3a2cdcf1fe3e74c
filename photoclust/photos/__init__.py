"""Where photos come from and how they become upright RGB."""
