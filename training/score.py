"""Entry point ``score`` of the MLflow project: `icp-ml score` with the run's parameters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from icp_ml import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Score as `icp-ml score` does and return its exit code; an empty flag is the same as none."""
    parser = argparse.ArgumentParser("python -m training.score", description=main.__doc__)
    parser.add_argument("--prospects", required=True, help="the table of prospects")
    parser.add_argument(
        "--model", required=True, help="folder, models:/NAME@champion, models:/NAME/3 or runs:/ID/model"
    )
    parser.add_argument("--out", required=True, help="score file, CSV or Parquet by its ending")
    parser.add_argument("--list", default="", help="ten columns for people")
    parser.add_argument("--as-of", default="", help="the day on which the attributes were known")
    options = parser.parse_args(arguments)
    command = ["score", f"--model={options.model}", f"--out={options.out}"]
    command += [f"--list={options.list}"] if options.list else []
    command += [f"--as-of={options.as_of}"] if options.as_of else []
    return cli.main([*command, "--", options.prospects])


if __name__ == "__main__":
    sys.exit(main())
