"""Does a known vulnerability or a dangerous habit stand in what we ship? bandit over our code, pip-audit over the rest.

pip-audit asks PyPI for its advisories. Where that cannot be reached, this says so and passes: not asked is not clean.
"""

import json
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CODE = ("lms_memberships", "example_site")


def main() -> int:
    return max(ask_bandit(), ask_pip_audit())


def ask_bandit() -> int:
    """Findings are mended, or answered in the code with a reason; see docs/security.md."""
    print("bandit:", *CODE, flush=True)
    return subprocess.run([BIN / "bandit", "--quiet", "-c", "pyproject.toml", "-r", *CODE], check=False).returncode


def ask_pip_audit() -> int:
    """1 for a known vulnerability; 0 for none, or for no answer, and which of the two is printed."""
    command = [BIN / "pip-audit", "--local", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found, asked, total = verdict(done.stdout)
    for line in found:
        print("pip-audit:", line)
    if not asked:
        print(f"SKIPPED pip-audit: could not ask PyPI about any of {total or 'the'} packages, so nothing is known.")
        return 0
    print(f"pip-audit: {asked} of {total} packages were asked about, {len(found)} vulnerabilities")
    return 1 if found else 0


def verdict(answer: str) -> tuple[list[str], int, int]:
    """Vulnerabilities, how many packages were asked about, and how many there are."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        return [], 0, 0
    asked = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {each['id']}, mended in {', '.join(each['fix_versions']) or 'nothing yet'}"
        for package in asked
        for each in package["vulns"]
    ]
    return found, len(asked), len(packages)


if __name__ == "__main__":
    sys.exit(main())
