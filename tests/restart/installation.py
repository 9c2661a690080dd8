"""Interpreters of other installations, as small scripts: they run this one, but for the modules they are bad at."""

import sys

from tests.support.serving import ROOT

MARK = ("-X", "another_installation")
"""By these words the command lines of its processes are known."""


def interpreter(path, **instead):
    """Make one at `path`. `instead`: what to do where a module (core, api_process, ...) was to run, as shell words."""
    cases = "".join(f"*whimbrel.{module}*) {words} ;;\n" for module, words in instead.items())
    path.write_text(
        f'#!/bin/sh\ncase "$*" in\n{cases}esac\nPYTHONPATH="{ROOT}" exec "{sys.executable}" {" ".join(MARK)} "$@"\n'
    )
    path.chmod(0o700)
    return str(path)
