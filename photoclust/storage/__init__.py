"""Object stores: one small interface over S3, Google Cloud Storage and Azure."""
