"""What a training says of itself when it has ended."""

from detector.stages.train._told import overfitting

HEADER = "epoch,train/box_loss,val/box_loss\n"


def _table(folder, val):
    rows = "".join(f"{at},{10 - at},{value}\n" for at, value in enumerate(val, start=1))
    (folder / "results.csv").write_text(HEADER + rows)
    return list(overfitting(folder))


def test_a_network_that_learns_its_pictures_by_heart_is_told_of_with_what_to_do(tmp_path):
    assert _table(tmp_path, [8, 5, 6, 6, 6]) == [
        "the loss on val rises after epoch 2, by 20 %, while that on train falls: the network learns its pictures by "
        "heart; more labelled images help most, then stronger augmentation (train.augment), or a smaller network"
    ]


def test_a_training_whose_losses_fall_together_has_nothing_to_add(tmp_path):
    assert _table(tmp_path, [8, 7, 6, 5, 4]) == []


def test_another_trainer_leaves_no_table_of_epochs(tmp_path):
    assert list(overfitting(tmp_path)) == []
