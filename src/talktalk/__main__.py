"""`python -m talktalk` is the command line."""

from talktalk.cli import main

if __name__ == "__main__":
    main()
