"""What hypothesis draws: values as strangers may send them."""

from hypothesis import strategies as st

from domain.characters import can_be_name
from domain.identity import ROOM_NAME_LENGTH, JobId, RoomName
from domain.jobs import JobKind

room_names = (
    st.text(
        st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="/"),
        min_size=1,
        max_size=ROOM_NAME_LENGTH,
    )
    .filter(lambda raw: raw == raw.strip() and can_be_name(raw))
    .map(RoomName.parse)
)

job_ids = st.text("0123456789abcdef", min_size=32, max_size=32).map(JobId)

job_kinds = st.sampled_from(JobKind)

contents = st.text(min_size=1, max_size=200)
