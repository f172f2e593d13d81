"""What the platform is made of, and under which licences: ``make supply-chain``.

Writes a CycloneDX bill of materials of what ``requirements.txt`` pins and of what no Python package
of that name brings, and a table of the licences. Ends with 1 where a licence is not allowed.
"""

import json
import subprocess
import sys
import tomllib
from collections import Counter
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import AND, OR, ExpressionError, LicenseExpression, get_spdx_licensing
from packaging.utils import canonicalize_name

from tools.lock import LOCK, ROOT, pins

POLICY = ROOT / "tools" / "licences.toml"
OUT = ROOT / "build"
Component = dict[str, Any]


def main() -> int:
    """Write the bill and the table, say what is wrong; the exit code."""
    policy = tomllib.loads(POLICY.read_text("utf-8"))
    bill = bill_of_materials(policy)
    text = json.dumps(bill, indent=1, sort_keys=True) + "\n"
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"the bill of materials is no CycloneDX 1.6: {error}")
    OUT.mkdir(exist_ok=True)
    (OUT / "sbom.cdx.json").write_text(text, "utf-8")
    (OUT / "licences.md").write_text(table(bill["components"]), "utf-8")
    refused = forbidden(bill["components"], policy["allowed"])
    sys.stderr.writelines(f"{one}\n" for one in refused)
    sys.stdout.write(
        f"{summary(bill['components'])}{len(bill['components'])} components, {len(refused)} of "
        "them refused: build/sbom.cdx.json, build/licences.md\n"
    )
    return bool(refused)


def bill_of_materials(policy: dict[str, Any]) -> dict[str, Any]:
    """CycloneDX 1.6 of the locked packages as installed here, and of what comes beside them."""
    bill = _cyclonedx("environment", "--pyproject", str(ROOT / "pyproject.toml"), sys.executable)
    hashed = {one["name"]: one for one in _cyclonedx("requirements", str(LOCK))["components"]}
    files = {canonicalize_name(name): one["externalReferences"] for name, one in hashed.items()}
    locked = pins(LOCK)
    packages = [one for one in bill["components"] if canonicalize_name(one["name"]) in locked]
    for one in packages:
        name = canonicalize_name(one["name"])
        one["externalReferences"] = one.get("externalReferences", []) + files[name]
        one["licenses"] = [{"expression": _expression(name, one.get("licenses", []), policy)}]
    known = {one["bom-ref"] for one in packages} | {bill["metadata"]["component"]["bom-ref"]}
    return {
        **bill,
        "components": packages + [_shipped(one) for one in policy["shipped"]],
        "dependencies": [_among(known, one) for one in bill["dependencies"] if one["ref"] in known],
    }


def _cyclonedx(*arguments: str) -> dict[str, Any]:
    # Validating is slow, and done once with what is made of it.
    options = ("--output-reproducible", "--no-validate")
    program = [sys.executable, "-m", "cyclonedx_py", *arguments, *options]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    bill: dict[str, Any] = json.loads(done.stdout)
    return bill


def _among(known: set[str], dependency: dict[str, Any]) -> dict[str, Any]:
    return {
        **dependency,
        "dependsOn": [one for one in dependency.get("dependsOn", []) if one in known],
    }


def _expression(name: str, declared: list[Any], policy: dict[str, Any]) -> str:
    """What a package declares, or what its licence file was found to say."""
    if name in policy["reviewed"]:
        return str(policy["reviewed"][name])
    said = [one.get("expression") or _name(one["license"]) for one in declared]
    found = sorted({str(policy["names"].get(one, one)) for one in said})
    return " AND ".join(found if len(found) < 2 else (f"({one})" for one in found))


def _name(licence: dict[str, str]) -> str:
    return licence.get("id") or licence["name"]


def _shipped(one: dict[str, str]) -> Component:
    hashes = [
        {"alg": algorithm, "content": one[key]}
        for key, algorithm in (("sha256", "SHA-256"), ("md5", "MD5"))
        if key in one
    ]
    return {
        "bom-ref": one["name"],
        "type": "machine-learning-model" if hashes else "application",
        "name": one["name"],
        "version": one["version"],
        "description": one["where"],
        "licenses": [{"expression": one["licence"]}],
        **({"hashes": hashes} if hashes else {}),
    }


def licence(component: Component) -> str:
    """Its SPDX expression; empty where it has none."""
    return str(component["licenses"][0]["expression"])


def forbidden(components: list[Component], allowed: list[str]) -> list[str]:
    """A sentence for each component that may not be shipped under what it says."""
    return [
        f"{one['name']} {one['version']} is under {licence(one) or 'no licence'}, which "
        f"{POLICY.name} does not allow: do without it, or write there what its licence file says."
        for one in components
        if not _is_allowed(licence(one), set(allowed))
    ]


def _is_allowed(text: str, allowed: set[str]) -> bool:
    try:
        return bool(text) and _holds(get_spdx_licensing().parse(text), allowed)
    except ExpressionError:
        return False


def _holds(expression: LicenseExpression, allowed: set[str]) -> bool:
    if isinstance(expression, AND):
        return all(_holds(one, allowed) for one in expression.args)
    if isinstance(expression, OR):
        return any(_holds(one, allowed) for one in expression.args)
    return str(expression) in allowed


def summary(components: list[Component]) -> str:
    """How many components are under each licence, the most frequent first."""
    counted = Counter(licence(one) for one in components)
    rows = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return "".join(f"{count:5} {name}\n" for name, count in rows)


def table(components: list[Component]) -> str:
    """Markdown: component, version, licence."""
    rows = sorted((one["name"].lower(), one["version"], licence(one)) for one in components)
    head = "| component | version | licence |\n| --- | --- | --- |\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
