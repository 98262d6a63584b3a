"""Pure decisions of this room: no framework, no clock, no network."""

import sys

from kuai.address.compiled_engine import find_compiled

_compiled = find_compiled()
if _compiled is not None:
    # The part that compiled modules share is a module of its own, beside them.
    sys.path.append(str(_compiled))
    __path__.insert(0, str(_compiled / "engine"))
