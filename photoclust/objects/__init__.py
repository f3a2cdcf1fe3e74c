"""Object stores: one small interface over S3, Google Cloud Storage, Azure and whatever fsspec can reach."""
