"""Documents that are run: their blocks, and commands in the way in which somebody types them in an empty folder."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from rdfplugins.cli import cli


def blocks(text: str, language: str) -> list[str]:
    """Return the content of all blocks of a language."""
    return [content for found, content in all_blocks(text) if found == language]


def all_blocks(text: str) -> list[tuple[str, str]]:
    """Return language and content of all blocks, in their order."""
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def run_commands(block: str, *, events: int) -> str:
    """Run each line here, ``rdfrun`` and ``cp``; of a config that is copied, the samples are made this small."""
    printed = ""
    for line in block.splitlines():
        for command in line.partition("#")[0].split("&&"):
            words = shlex.split(command)
            if words[0] == "cp":
                shutil.copy(*words[1:])
                continue
            assert words[0] == "rdfrun", command
            result = CliRunner().invoke(cli, words[1:])
            assert result.exit_code == 0, (command, result.output)
            printed += result.output
            if words[1:3] == ["configs", "--copy"]:
                path = Path(f"{words[3]}.yaml")
                path.write_text(re.sub(r"events: \d+", f"events: {events}", path.read_text()))
    return printed


def run_python(code: str, folder: Path) -> str:
    """Run a block in a process of its own, and return what it prints."""
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout
