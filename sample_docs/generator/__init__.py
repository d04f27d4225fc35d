"""Makes the sample documents and their ground truth from the texts in `content/`."""
