"""A reference finds its picture, whatever wrote it, and only its own."""

import unicodedata

import pytest

from detector.data.annotations import read
from detector.errors import UsageError
from detector.stages.pull._references import find, shared
from tests.support.exports import annotation, box, picture, pull, task

NFC, NFD = (unicodedata.normalize(form, "Größe é.png") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    "source",
    [
        "/data/local-files/?d=set/a.png",
        "/data/local-files/?d=set%5Ca.png",
        "/data/local-files/?d=set\\a.png",
        "/data/local-files/?d=C:\\data\\set\\a.png",
        "/data/local-files/?d=C%3A%5Cdata%5Cset%5Ca.png",
        "/data/local-files/?d=/mnt/nas/pictures/set/a.png",
        "/data/local-files/?d=mnt%2Fnas%2Fset%2Fa.png",
        "http://localhost:8080/data/local-files/?d=other/root/set/a.png",
        "C:\\data\\set\\a.png",
        "file:///C:/data/set/a.png",
        "set\\a.png",
        "s3://bucket/pictures/set/a.png",
        "https://example.com/x/set/a.png?signature=1",
        "a.png",
        "/data/upload/3/set/a.png",
    ],
)
def test_whatever_wrote_it_a_reference_finds_its_picture(tmp_path, source):
    root = tmp_path / "set" if source == "a.png" else tmp_path
    assert find(source, root) is None
    real = picture(tmp_path / "set" / "a.png")
    assert find(source, root) == real


@pytest.mark.parametrize("name", ["a+b.png", "a&b.png", "a#1.png", "a b.png", "100%.png", "a?b.png"])
def test_names_with_signs_that_a_query_uses_are_found(tmp_path, name):
    real = picture(tmp_path / "set" / name)
    assert find(f"/data/local-files/?d=set/{name}", tmp_path) == real
    assert find(f"set/{name}", tmp_path) == real


@pytest.mark.parametrize(("written", "there"), [(NFC, NFD), (NFD, NFC), (NFC, NFC)])
@pytest.mark.parametrize("prefix", ["", "/data/local-files/?d=set/", "s3://bucket/"])
def test_composed_and_decomposed_names_are_one(tmp_path, written, there, prefix):
    assert find(prefix + written, tmp_path) is None
    real = picture(tmp_path / there)
    assert find(prefix + written, tmp_path) == real


def pull_of(folder, *sources, **options):
    tasks = [
        task(number, annotation(box(10, 10, 20, 20)), data={"image": source})
        for number, source in enumerate(sources, 1)
    ]
    result = pull(folder, tasks, **options)
    return result, read(result.path)


def test_two_references_that_were_shortened_to_one_file_are_refused(tmp_path):
    picture(tmp_path / "001.PNG")
    with pytest.raises(UsageError) as refused:
        pull_of(tmp_path, "s3://shop/a/001.PNG", "s3://shop/b/001.PNG")
    assert "s3://shop/a/001.PNG and s3://shop/b/001.PNG both lead to 001.PNG" in str(refused.value)


def test_with_their_folders_each_has_its_own(tmp_path):
    picture(tmp_path / "a" / "001.PNG", seed=1)
    picture(tmp_path / "shop" / "b" / "001.PNG", seed=2)
    _, tables = pull_of(tmp_path, "s3://shop/a/001.PNG", "s3://shop/b/001.PNG")
    assert len(set(tables.images["sha256"].to_pylist())) == 2


def test_a_file_that_one_names_whole_is_not_anothers(tmp_path):
    picture(tmp_path / "001.PNG")
    result, tables = pull_of(tmp_path, "001.PNG", "s3://shop/a/001.PNG", "s3://shop/b/001.PNG")
    assert result.figures["images"] == 1
    lost = [(loss["task_id"], loss["reason"], loss["detail"]) for loss in tables.losses.to_pylist() if loss["detail"]]
    assert lost == [
        (2, "ambiguous_image", "s3://shop/a/001.PNG: 001.PNG is the picture of 001.PNG"),
        (3, "ambiguous_image", "s3://shop/b/001.PNG: 001.PNG is the picture of 001.PNG"),
    ]


def test_one_reference_in_several_spellings_is_one_picture(tmp_path):
    real = picture(tmp_path / "set" / "a b.png")
    spellings = [
        "/data/local-files/?d=set/a%20b.png",
        "/data/local-files/?d=set%5Ca b.png",
        "set/a b.png",
        "/set/a%20b.png",
        "http://localhost:8080/data/local-files/?d=set/a%20b.png",
    ]
    assert {find(source, tmp_path) for source in spellings} == {real}
    assert shared({source: str(real) for source in spellings}, tmp_path) == {}


def test_a_picture_that_is_missing_is_listed_with_its_reference(tmp_path):
    picture(tmp_path / "here.png")
    result, tables = pull_of(tmp_path, "here.png", "s3://shop/gone.jpg")
    [loss] = [loss for loss in tables.losses.to_pylist() if loss["what"] == "image"]
    assert (loss["reason"], loss["detail"]) == ("missing_image", "s3://shop/gone.jpg")
    assert result.figures["excluded"] == 1


def test_when_nothing_is_found_it_is_said_what_was_looked_for_and_where(tmp_path):
    sources = [f"/data/upload/7/{number}.jpg" for number in range(4)]
    for images, where in ((tmp_path, f"{tmp_path}. "), (tmp_path / "gone", "gone, which is no folder. ")):
        with pytest.raises(UsageError) as refused:
            pull_of(tmp_path, *sources, images=images)
        said = str(refused.value)
        assert said.startswith(f"4 of 4 pictures were not found: {', '.join(sources[:3])}, …; looked below ")
        assert f"{where}Set pull.images to the folder that holds them" in said


def test_a_configuration_in_utf16_is_read(tmp_path):
    """As Windows' editors save it, and with a template: the picture lies where the value says."""
    picture(tmp_path / "imgs" / "a.png")
    config = '<View><Image name="image" value="imgs/$file"/><Rectangle name="b" toName="image"/></View>'
    (tmp_path / "view.xml").write_bytes(config.encode("utf-16"))
    tasks = [{"id": 1, "data": {"file": "a.png"}, "annotations": [annotation(box(1, 1, 9, 9))]}]
    picture(tmp_path / "a.png", seed=3)  # found only if the value is not understood
    tables = read(pull(tmp_path, tasks, label_config=tmp_path / "view.xml").path)
    assert tables.images["source"].to_pylist() == ["imgs/a.png"]
    assert tables.regions.num_rows == 1


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["12", "13"], "a folder of single annotations, as a target"),
        (["labels/a.txt", "classes.txt"], "`using: yolo`"),
        ([], "a folder;"),
    ],
)
def test_a_folder_in_place_of_an_export_is_named(tmp_path, files, kind):
    from detector.stages.pull.label_studio_export import Options, look

    (tmp_path / "folder").mkdir()
    for name in files:
        (tmp_path / "folder" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "folder" / name).write_text("{}")
    with pytest.raises(UsageError, match=kind):
        look(Options(path=tmp_path / "folder"), tmp_path)
