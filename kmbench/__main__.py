"""`python -m kmbench`: the command line for environments without the script."""

from kmbench.cli.main import main

if __name__ == "__main__":
    main()
