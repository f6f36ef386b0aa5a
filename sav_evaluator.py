"""Scores predicted masks against ground truth: ``python sav_evaluator.py --gt_root GT --pred_root PRED``."""

import sys

from sav_benchmark.cli import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]], program="sav_evaluator.py"))
