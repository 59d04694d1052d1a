"""What is measured, one file a question; `./talktalk bench NAME`. Ratios are taken within one run."""
