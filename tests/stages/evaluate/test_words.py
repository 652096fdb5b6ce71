"""What an evaluation says of itself: figures in words, and what would make them surer."""

from detector.stages.evaluate._words import notes, summary
from detector.system import fonts
from tests.support import tiny, versions
from tests.support.judged import evaluated, seen
from tests.support.lettered import font
from tests.support.versions import Object, Picture

TOLD = (
    "no font on this machine has the letters of 红细胞: on the pictures of the worst images they are boxes; "
    "install one, such as fonts-wqy-microhei or fonts-noto-cjk, and run `detector run --force evaluate`"
)


def test_what_is_measured_on_little_is_said_with_the_way_out(tmp_path):
    data = tiny.dataset(tmp_path)
    evaluation = evaluated(data, tmp_path / "evaluation", [seen(6, 0), seen(7, 1, 0.8)])
    assert summary(evaluation.measured, 3).startswith("3 test images: mAP50-95 0.")
    assert summary(evaluation.measured, 3).endswith("precision 1.000, recall 0.667 from a score of 0.80")
    said = list(notes(evaluation, []))
    assert said[0] == "1 object missed and 0 false, from a score of 0.80"
    assert said[1] == (
        "too few objects in test to measure a class by: größe (cm) (2), 红细胞 (1); 10 and more tell something: "
        "label some more, or give test a larger share in convert.split"
    )
    low, high = evaluation.measured.intervals["mAP50-95"]
    assert said[2] == (
        f"mAP50-95 is known to within {high - low:.2f} only: a model has to be better by much to be told from chance; "
        "more images in test narrow it"
    )


def test_names_that_no_font_has_are_told(tmp_path, monkeypatch):
    data = tiny.dataset(tmp_path)
    evaluation = evaluated(data, tmp_path / "evaluation", [seen(6, 0), seen(7, 1, 0.8)])
    drawn = [tmp_path / "worst" / "1-a.png"]
    for installed, told in (([], True), ([font(tmp_path / "cjk.ttf", "红细胞")], False)):
        monkeypatch.setattr(fonts, "_installed", lambda installed=installed: installed)
        fonts._file_with.cache_clear()
        notes_of_it = [note for note in notes(evaluation, drawn) if note.startswith("no font")]
        assert notes_of_it == [TOLD] * told
        assert not any(note.startswith("no font") for note in notes(evaluation, []))
    fonts._file_with.cache_clear()


def test_what_is_sure_has_no_more_to_say(tmp_path):
    data = versions.version(tmp_path, [Picture("train"), *[Picture("test")] * 10])
    boxes = [(0, 0.5, 0.5, 0.4, 0.6), (1, 0.2, 0.3, 0.2, 0.2), (2, 0.8, 0.7, 0.3, 0.3)]
    rows = [seen(image, label, 0.9, *box) for image in range(1, 11) for label, *box in boxes]
    evaluation = evaluated(data, tmp_path / "evaluation", rows)
    assert list(notes(evaluation, [])) == ["0 objects missed and 0 false, from a score of 0.90"]


def test_nothing_is_found(tmp_path):
    data = versions.version(tmp_path, [Picture("train"), Picture("test", [Object(0)])])
    evaluation = evaluated(data, tmp_path / "evaluation", [])
    assert summary(evaluation.measured, 1) == (
        "1 test image: mAP50-95 0.000 [0.000, 0.000], mAP50 0.000; nothing is found"
    )
    none = versions.version(tmp_path / "none", [Picture("train"), Picture("test", [])])
    assert summary(evaluated(none, tmp_path / "empty", []).measured, 1) == (
        "1 test image without an object: nothing to measure"
    )
