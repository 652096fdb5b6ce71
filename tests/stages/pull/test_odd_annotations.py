"""Annotations as scripts send them to a real Label Studio, and as it keeps them: one odd value never ends a pull."""

import io

import pytest
from PIL import Image

from detector.data import annotations
from detector.stages.pull import label_studio as backend
from tests.support.jobs import Pipeline, make_job
from tests.support.services.label_studio import TOKEN, disc

SIZE = {"original_width": 40, "original_height": 30}
SIDE_BY_SIDE = """<View><Image name="before" value="$before"/><Image name="after" value="$after"/>
<RectangleLabels name="boxes" toName="before"><Label value="disc"/></RectangleLabels></View>"""
TEMPLATE = """<View><Image name="image" value="HOST/$file"/>
<RectangleLabels name="boxes" toName="image"><Label value="disc"/></RectangleLabels></View>"""


def _png():
    content = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 100, 200)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def pull(label_studio, other_host, tmp_path):
    other_host.pages["/a.png"] = _png()

    def pull(project):
        options = backend.Options(url=label_studio.url, token=TOKEN, project=project, private_hosts=["127.0.0.1"])
        job = make_job(options, Pipeline("cells"), datasets=tmp_path / "datasets", folder=tmp_path / "run")
        return annotations.read(backend.run(job).path)

    return pull


def _value(**changed):
    shape = disc(**SIZE)
    shape["value"] |= changed
    return shape


ODD = {  # what the server takes as an annotation's body → how many regions come through, and the reasons of losses
    "a skip that says nothing more": ({"was_cancelled": True}, 0, ["cancelled"]),
    "a number as region id": ({"result": [_value() | {"id": 17}]}, 1, []),
    "x as text": ({"result": [_value(x="12.5")]}, 1, []),
    "a float for pixels": ({"result": [_value() | {"original_width": 40.0}]}, 1, []),
    "a label as a string": ({"result": [_value(rectanglelabels="disc")]}, 1, []),
    "a word for a number": ({"result": [_value(x="left"), _value()]}, 1, ["unreadable"]),
    "a mask of COCO's": (
        {"result": [{**_value(), "type": "brushlabels", "value": {"rle": {"counts": "a", "size": [30, 40]}}}]},
        0,
        ["unreadable"],
    ),
    "negative sides": ({"result": [_value(x=60, width=-20)]}, 1, []),
}


def test_whatever_scripts_sent_is_read_or_counted_by_its_task(label_studio, other_host, pull):
    project = label_studio.project("Odd")
    data = [{"data": {"image": f"{other_host.url}/a.png"}}] * (len(ODD) + 1)
    good, *tasks = label_studio.add_tasks(project, data)
    bodies = [{"result": [_value()]}, *(body for body, _, _ in ODD.values())]
    for task, body in zip([good, *tasks], bodies, strict=True):
        label_studio.ask("POST", f"/api/tasks/{task}/annotations/", json=body)
    drawn = pull(project)
    task_of = drawn.images["task_id"].take(drawn.regions["image"]).to_pylist()
    lost = drawn.losses.to_pylist()
    for task, (name, (_, regions, reasons)) in zip(tasks, ODD.items(), strict=True):
        assert task_of.count(task) == regions, name
        assert [loss["reason"] for loss in lost if loss["task_id"] == task] == reasons, name
    assert task_of.count(good) == 1


def test_a_picture_that_no_control_names_is_no_background(label_studio, other_host, pull):
    project = label_studio.project("Side by side", SIDE_BY_SIDE)
    picture = f"{other_host.url}/a.png"
    shapes = [{"result": [disc(**SIZE) | {"to_name": "before"}]}]
    [task] = label_studio.add_tasks(project, [{"data": {"before": picture, "after": picture}, "annotations": shapes}])
    drawn = pull(project)
    assert drawn.images["status"].to_pylist() == ["annotated", "excluded"]
    [loss] = drawn.losses.to_pylist()
    assert (loss["reason"], loss["task_id"], loss["detail"]) == ("not_drawable", task, "after")


def test_the_configuration_puts_the_address_together(label_studio, other_host, pull):
    project = label_studio.project("Template", TEMPLATE.replace("HOST", other_host.url))
    shapes = [{"result": [disc(**SIZE)]}]
    label_studio.add_tasks(project, [{"data": {"file": "a.png"}, "annotations": shapes}])
    drawn = pull(project)
    assert drawn.images["status"].to_pylist() == ["annotated"]
    assert drawn.regions.num_rows == 1
