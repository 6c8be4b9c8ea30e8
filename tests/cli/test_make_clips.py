from tinymm.data import clean, read_manifest


def test_made_clips_are_usable_and_the_next_command_is_named(tinymm, tmp_path):
    ended = tinymm("make-clips", tmp_path / "new" / "folder", "--task", "behaviour", "--clips", 12)
    assert ended.code == 0 and ended.err == ""
    assert f"tinymm train {tmp_path / 'new' / 'folder'}" in ended.out
    kept, left_out = clean(read_manifest(tmp_path / "new" / "folder"))
    assert (len(kept), left_out) == (12, [])


def test_impossible_wishes_end_in_one_line(tinymm, tmp_path, clips):
    (tmp_path / "file").touch()
    assert tinymm("make-clips", "x", "--clips", 0).failed_with("clips is 0")
    assert tinymm("make-clips", "x", "--clips", -5).failed_with("clips is -5")
    assert tinymm("make-clips", "x", "--seed", -1).failed_with("seed is -1")
    assert tinymm("make-clips", "x", "--task", "cooking").failed_with("cooking", "content", "emotion")
    assert tinymm("make-clips", "file", "--clips", 15).failed_with("file", "is a file")
    assert tinymm("make-clips", "file/below", "--clips", 15).failed_with("file/below")
    assert not (tmp_path / "x").exists()


def test_a_folder_of_other_clips_is_left_alone(tinymm, clips, table, files):
    own = table([(files[0], "", "a")])
    before = (own / "clips.csv").read_bytes()
    assert tinymm("make-clips", own, "--clips", 15).failed_with("choose another folder")
    assert tinymm("make-clips", clips, "--task", "content", "--clips", 15).failed_with("emotion")
    assert (own / "clips.csv").read_bytes() == before
