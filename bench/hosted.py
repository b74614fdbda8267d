"""``python -m bench.hosted FILE up ...``: the ordinary command, which names its threads in FILE on SIGUSR1.

Only so can the processor time of the mail worker be told from that of requests; nothing else is changed.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from xenia.cli import main


def _tell(number: int, frame: object) -> None:
    del number, frame
    names = {thread.name: thread.native_id for thread in threading.enumerate()}
    part = Path(sys_file).with_suffix(".part")
    part.write_text(json.dumps(names))
    part.rename(sys_file)


if __name__ == "__main__":
    sys_file = sys.argv.pop(1)
    signal.signal(signal.SIGUSR1, _tell)
    main()
