"""``python -m axonc``: the command line."""

from axonc.compiler.driver.cli import main

if __name__ == "__main__":
    main()
