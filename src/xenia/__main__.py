"""`python -m xenia` is the `xenia` command."""

from xenia.cli import main

if __name__ == "__main__":
    main()
