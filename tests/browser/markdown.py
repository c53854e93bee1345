"""Texts as models write them, and as nobody should, for the page's Markdown."""

from __future__ import annotations

LONG = r"""# A plan

Some **bold**, some *italic*, ~~gone~~ text with `code` and ``a ` tick``, snake_case_names and 2 * 3 * 4.
A second line of it.

## Steps

1. First, with a [link](https://example.org/a_(b) "title") and https://example.org/plain.
2. Second:
   - nested *one*
   - nested two
     - deeper
3. Third

   with a paragraph of its own.

- [x] done
- [ ] to do

> A quote
> of two lines, with **weight**.

| Model | Context | Tokens/s |
|:------|:-------:|---------:|
| `small` | 4,096 | 220.5 |
| large \| wide | 131,072 | 17 |

```python
def fibonacci(n: int) -> int:
    # <script>alert("no")</script>, and a line that is far longer than any phone is wide, so that it scrolls
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
```

---

![a picture](https://example.org/i.png) and [a trap](javascript:alert(1)) and <script>alert(1)</script>
<img src=x onerror=alert(1)>

A_very_long_word_that_has_no_place_to_break_whatever_the_width_of_the_window_may_be_so_it_must_break_anyway_somewhere.
"""

_SLOW = (
    "*",
    "_",
    "`",
    "[",
    "![",
    "](",
    "<",
    "**a",
    "> ",
    "- ",
    "|",
    "#",
    "~~",
    "\\",
    " ",
    "a*_`~[",
    "``` `",
    "h",
)

TEXTS = (
    LONG,
    "plain",
    "one\n===\ntwo\n---\nthree",
    "```\nunfinished",
    "~~~sh\necho '```'\n~~~\nafter",
    "1. a\n\n   ```js\n   x\n   ```\n2. b\n",
    "* a\n* b\n\n\n* c\n\ntext",
    "***both*** **a *b** c* __x__ _y_z_ *un **closed",
    "| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\nafter",
    "<https://example.org/x> <br> `a` `` b",
    "[a](b) [c](https://example.org) ![d](data:text/html,x)",
    "5. five\n6. six\n\n    deep\n\t- tab",
    "> a\n> > b\n> > > c\n\n>d",
    "line  \nbreak\\\nagain",
    *(mark * 20_000 for mark in _SLOW),
    *(f"{mark}\n" * 5_000 for mark in _SLOW),
)
