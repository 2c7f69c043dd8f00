"""What differs between two looks at files."""

import os

from tencentserverless.local.project.file_stamps import changed_files, read_stamps


def test_what_is_saved_new_replaced_or_gone_has_changed(tmp_path):
    paths = [tmp_path / name for name in ("kept", "saved", "replaced", "gone", "new")]
    kept, saved, replaced, gone, new = paths
    for path in paths[:-1]:
        path.write_text("1")
    moment = os.stat(replaced).st_mtime_ns
    before = read_stamps(paths)
    saved.write_text("22")
    other = tmp_path / "other"
    other.write_text("2")
    os.utime(other, ns=(moment, moment))
    other.replace(replaced)
    gone.unlink()
    new.write_text("")
    assert changed_files(before, read_stamps(paths)) == {saved, replaced, gone, new}
    assert str(kept) in before
