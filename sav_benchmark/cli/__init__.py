"""The command line: arguments, messages and exit codes.

Exit codes: 0 done, 1 a score under its limit, 2 bad usage or input, 3 a fault of this package, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from sav_benchmark import __version__
from sav_benchmark.errors import SavBenchmarkError
from sav_benchmark.problems import InputError, printable

DONE, BAD_INPUT, FAULT, INTERRUPTED = 0, 2, 3, 130

COMMANDS = {
    "evaluate": "score a folder of predicted masks against ground truth",
    "score": "compute scores from a per-frame table, without opening a mask",
    "compare": "tell which of several predictions is better, and where",
    "stats": "count an SA-V dataset's videos and masklets, and show how they are distributed",
    "verify": "check an SA-V dataset: recompute what its files say about the masks, and list each difference",
    "convert": "convert masks between SA-V's JSON, folders of PNGs an object, and label maps",
    "visualize": "draw masks over the frames of videos, and predictions beside their ground truth",
}
"""The commands and what each does. A command lives in the module of its name beside this one, which has
``add_arguments(parser)`` and ``run(arguments) -> exit code``; it is imported only when it is called."""


def main(arguments: Sequence[str] | None = None, program: str = "sav-benchmark") -> int:
    """Runs the command line and returns its exit code.

    Args:
        arguments: The words of the command line; None for those of this process.
        program: The name under which the command was called.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot show is shown escaped, not in a traceback.
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    with _interrupts_heeded():
        return _run(words, program)


def _run(words: list[str], program: str) -> int:
    try:
        parsed = _parse(words, program)
        module = importlib.import_module(f"sav_benchmark.cli.{parsed.command}")
        code: int = module.run(parsed)
        sys.stdout.flush()
        return code
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except SavBenchmarkError as error:
        # What breaks a line within one is part of a name.
        print("error: " + "\n".join(map(printable, error.lines)), file=sys.stderr)
        return BAD_INPUT
    except MemoryError:
        print("error: there is not enough memory: free some, or run with fewer processes (-n)", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the output has gone; nothing may be flushed to it on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception:
        import traceback

        traceback.print_exc()
        print(
            f"This is a fault of sav_benchmark {__version__}, not of your masks. Please report it on the project's"
            " issue page, with the lines above and the command you ran.",
            file=sys.stderr,
        )
        return FAULT


def _parse(words: list[str], program: str) -> argparse.Namespace:
    words = [_with_underscores(word) for word in words]
    if program != "sav-benchmark":
        parser = argparse.ArgumentParser(prog=program, description=_sentence(COMMANDS["evaluate"]))
        _add_command(parser, words.pop(0))
        return parser.parse_args(words)
    parser = argparse.ArgumentParser(prog=program, description=_sentence("score video object segmentation masks"))
    parser.add_argument("--version", action="version", version=f"sav_benchmark {__version__}")
    choices = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for command, purpose in COMMANDS.items():
        child = choices.add_parser(command, help=purpose, description=_sentence(purpose))
        # Only the command that was asked for is imported.
        if command in words:
            _add_command(child, command)
    return parser.parse_args(words)


def _add_command(parser: argparse.ArgumentParser, command: str) -> None:
    parser.add_argument("--version", action="version", version=f"sav_benchmark {__version__}")
    parser.set_defaults(command=command)
    importlib.import_module(f"sav_benchmark.cli.{command}").add_arguments(parser)


def _with_underscores(word: str) -> str:
    """An option with its name's hyphens as underscores: both spellings are the same option."""
    if not word.startswith("--") or len(word) == 2:
        return word
    name, equals, value = word[2:].partition("=")
    return f"--{name.replace('-', '_')}{equals}{value}"


def _sentence(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}."


@contextmanager
def _interrupts_heeded() -> Iterator[None]:
    """Within the block the first interrupt raises KeyboardInterrupt. Further ones are passed over, for good."""
    previous = {}
    with suppress(ValueError):  # Not in the main thread: the caller's handlers stay.
        for each in _INTERRUPTS:
            if signal.getsignal(each) is not signal.SIG_IGN:  # Nor is one heeded that the caller has turned off.
                previous[each] = signal.signal(each, _interrupt)
    try:
        yield
    finally:
        for each, handler in previous.items():
            if signal.getsignal(each) is _interrupt:
                signal.signal(each, handler)


def _pass_over(*_: Any) -> None:
    pass


def _interrupt(*_: Any) -> NoReturn:
    for each in _INTERRUPTS:
        # One is enough: a second one would only disturb the tidying up.
        signal.signal(each, _pass_over)
    raise KeyboardInterrupt


_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
