"""The web application: an HTTP interface over the workflows, and pages that use it and nothing else."""
