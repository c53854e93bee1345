"""The dialects of calls whose parameters stand between tags; `tagged` reads them all."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """The tags of a dialect: openings as patterns, closings to the letter.

    `call` has a group `name`; `parameter` has `key`, and may have `string`: `true` and `string` say that the
    value is text, anything else that it is JSON. `value_end` ends a value; `ahead` are beginnings of tags
    that show that it was left out. Without `call_end` a call goes on to the body's end. `noise` is a pattern
    of what may stand around calls and means nothing. `object` opens arguments written as one JSON object, and
    `object_end` closes it.

    `undeclared_json`: a value that no schema speaks of is JSON if it can be read so. `strip`: white space
    around a value is decoration; otherwise only a line break at both its ends is. `cdata`: a value may stand
    in `<![CDATA[…]]>`. `entities`: names and keys are escaped as in XML.
    """

    call: str
    call_end: str
    parameter: str
    value_end: str
    ahead: tuple[str, ...] = ()
    noise: str = ""
    object: str = ""
    object_end: str = ""
    undeclared_json: bool = False
    strip: bool = False
    cdata: bool = False
    entities: bool = False


def _invoke(prefix: str = "", *, undeclared_json: bool = False, noise: str = "") -> Dialect:
    """`<invoke name="f"><parameter name="p">v</parameter></invoke>`, its tags with a prefix."""
    tag = re.escape(prefix)
    return Dialect(
        call=rf"<{tag}invoke\s+name\s*=\s*[\"']?(?P<name>[^\"'>]+)[\"']?\s*>",
        call_end=f"</{prefix}invoke>",
        parameter=rf"<{tag}parameter\s+name\s*=\s*[\"']?(?P<key>[^\"'>]+)[\"']?[^>]*>",
        value_end=f"</{prefix}parameter>",
        ahead=(f"<{prefix}parameter name", f"</{prefix}invoke>"),
        noise=noise,
        undeclared_json=undeclared_json,
    )


FUNCTION = Dialect(
    call=r"<function=(?P<name>[^>\n]+)>",
    call_end="</function>",
    parameter=r"<parameter=(?P<key>[^>\n]+)>",
    value_end="</parameter>",
    ahead=("<parameter=", "</function>"),
)
INVOKE = _invoke()
ATEM = _invoke("atem:", undeclared_json=True)
STEPTML = _invoke("steptml:", noise=r"<｜tool_call_begin｜>|<｜tool_call_end｜>|<｜tool_sep｜>|function")
DSML = Dialect(
    call=r"<｜DSML｜invoke\s+name=\"(?P<name>[^\"]+)\"\s*>",
    call_end="</｜DSML｜invoke>",
    parameter=r"<｜DSML｜parameter\s+name=\"(?P<key>[^\"]+)\"(?:\s+string=\"(?P<string>true|false)\")?\s*>",
    value_end="</｜DSML｜parameter>",
    ahead=("<｜DSML｜parameter ", "</｜DSML｜invoke>"),
    undeclared_json=True,
)
PARAM = Dialect(
    call=r"<function\s*name\s*=\s*[\"']?(?P<name>[^\s\"'>]+)[\"']?[^>]*>",
    call_end="</function>",
    parameter=r"<param\s*name\s*=\s*[\"']?(?P<key>[^\s\"'>]+)[\"']?[^>]*>",
    value_end="</param>",
    strip=True,
    cdata=True,
)
XTML = Dialect(
    call=r"<\|open\|>call(?=[^<]*?\btool=\"(?P<name>[^\"]*)\")[^<]*<\|sep\|>",
    call_end="<|close|>call<|sep|>",
    parameter=(
        r"<\|open\|>argument(?=[^<]*?\bkey=\"(?P<key>[^\"]*)\")"
        r"(?:[^<]*?\btype=\"(?P<string>[^\"]*)\")?[^<]*<\|sep\|>"
    ),
    value_end="<|close|>argument<|sep|>",
    ahead=("<|open|>argument ", "<|close|>call<|sep|>"),
    object=r"<\|open\|>json[^<]*<\|sep\|>",
    object_end="<|close|>json<|sep|>",
    entities=True,
)


def keyed(prefix: str = "", suffix: str = "", *, noise: str = "") -> Dialect:
    """GLM's `name<arg_key>k</arg_key><arg_value>v</arg_value>`; the tags' names may be longer at each end.

    Hunyuan has `<tool_sep>` between the name and the keys, K2 Horizon `<arg_type>` before the value.
    """
    key, value = f"{prefix}arg_key{suffix}", f"{prefix}arg_value{suffix}"
    pattern, separator = re.escape(key), re.escape(f"<{prefix}tool_sep{suffix}>")
    kind = re.escape(f"{prefix}arg_type{suffix}")
    typed = rf"(?:<{kind}>(?P<string>.*?)</{kind}>\s*)?"
    return Dialect(
        call=rf"(?P<name>[\w.:/-]+)\s*(?:{separator}\s*|(?=<{pattern}>))",
        call_end="",
        parameter=rf"<{pattern}>(?P<key>.*?)</{pattern}>(?:\\n|\s)*{typed}<{re.escape(value)}>",
        value_end=f"</{value}>",
        ahead=(f"<{key}>",),
        noise=noise,
        undeclared_json=True,
    )
