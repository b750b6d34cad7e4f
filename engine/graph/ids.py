"""Node ids: Python identifiers, since they become submodule names and variables of the generated code. Torch-free."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container

from engine.errors import BadInput
from engine.graph.spec import NetworkSpec

# The attributes that every torch module has: a submodule of that name would hide them. A test compares this list with
# the installed PyTorch's own, so that this file need not import it.
MODULE_ATTRIBUTES = frozenset(
    re.findall(
        r"\w+",
        """T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
        eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict
        modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
        register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
        register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
        register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
        set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad""",
    )
)
# Names that the compiled module or the generated code uses itself.
_OWN = frozenset(
    {
        "self",
        "torch",
        "nn",
        "F",
        "math",
        "tap",
        "timed",
        "module_of",
        "spec",
        "slots",
        "Tensor",
        "super",
        "tuple",
        "list",
        "dict",
    }
    | {"len", "range", "int", "zip", "sum", "max", "min"}
)
RESERVED = MODULE_ATTRIBUTES | _OWN


def why_not(id: str) -> str:
    """Return what is wrong with `id` as a node id, or "" if nothing is."""
    if not id.isidentifier() or not id.isascii():
        return "it must consist of letters, digits and underscores and not begin with a digit"
    if id.startswith("_"):
        return "it must not begin with an underscore"
    if keyword.iskeyword(id) or id in RESERVED:
        return "Python or PyTorch uses that word itself"
    return ""


def check_id(id: str) -> str:
    """Return `id`, or raise `BadInput` if it cannot name a node."""
    fault = why_not(id)
    if fault:
        raise BadInput(f"A node cannot be called {id!r}: {fault}.", "Choose another name, such as conv1.")
    return id


def numbered(stem: str, taken: Container[str]) -> str:
    """Return the first of stem1, stem2, ... that is not in `taken`."""
    number = 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def fresh_id(spec: NetworkSpec, type: str) -> str:
    """Return an unused id for a node of this type: "conv2d1", "conv2d2", ..."""
    stem = re.sub(r"[^a-z0-9_]", "", type.lower()).strip("_")
    if not stem or not stem[0].isalpha():
        stem = "node"
    return numbered(stem, spec.by_id)


def free_id(wanted: str, taken: Container[str]) -> str:
    """Return `wanted` if nobody has it, else its stem with the next free number: conv1 becomes conv2."""
    if wanted not in taken and not why_not(wanted):
        return wanted
    stem = re.sub(r"\W", "_", wanted).strip("_").rstrip("0123456789") or "node"
    return numbered(stem, taken)
