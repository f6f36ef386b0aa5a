"""Loaded into the Dask workers of the tests (``--preload``): makes them wait, die or lack the package on command.

The commands are files in the folder that the environment variable CONTROL names.
"""

import functools
import os
import pathlib
import signal
import sys
import time
from collections.abc import Collection

control = pathlib.Path(os.environ["CONTROL"])

if (control / "lack").exists():
    # None makes every import of the package fail, installed or not.
    sys.modules["sav_benchmark"] = None  # type: ignore[assignment]
else:
    from sav_benchmark.measure import FrameCounts, Measurer

    # Dask loads this file twice.
    measure = getattr(Measurer.measure, "__wrapped__", Measurer.measure)

    @functools.wraps(measure)
    def obey_and_measure(measurer: Measurer, frame: str, objects: Collection[str]) -> FrameCounts:
        """Measures a frame, after what the commands say."""
        if (control / "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if (control / "fail").exists():
            raise RuntimeError("on command")
        while (control / "hold").exists():
            (control / f"held-{os.getpid()}").touch()
            time.sleep(0.01)
        counts: FrameCounts = measure(measurer, frame, objects)
        return counts

    Measurer.measure = obey_and_measure  # type: ignore[method-assign,assignment]
