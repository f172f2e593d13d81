"""One target under libFuzzer, which takes over the process: ``-m tests.fuzz.libfuzzer NAME …``."""

import sys

import atheris

LIBRARIES = ["counterfeit_ml", "price_parser", "extruct", "w3lib", "babel", "PIL", "imagehash"]

with atheris.instrument_imports(include=LIBRARIES):
    from tests.fuzz.targets import TARGETS, limited

if __name__ == "__main__":
    target = limited(TARGETS[sys.argv.pop(1)])
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
