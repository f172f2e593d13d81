"""Sellers that share pictures, directly or through others: likely one hand."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def seller_groups(flags: pa.Table) -> pa.Array:
    """The group of each row's seller: the smallest ``picture_group`` that the group's sellers have.

    ``flags`` has ``marketplace``, ``seller_id`` and ``picture_group``. Null where the seller
    shares no picture, or is not known.
    """
    seller = pc.binary_join_element_wise(flags["marketplace"], flags["seller_id"], "\0")
    known = pc.and_(pc.is_valid(seller), pc.is_valid(flags["picture_group"]))
    sellers, seller_names = _numbered(pc.filter(seller, known))
    pictures, picture_names = _numbered(pc.filter(flags["picture_group"], known))
    size = len(seller_names) + len(picture_names)
    edges = (sellers, pictures + len(seller_names))
    graph = coo_array((np.ones(len(sellers), bool), edges), shape=(size, size))
    count, component = connected_components(graph, directed=False)
    members = np.bincount(component[: len(seller_names)], minlength=count)
    smallest = np.full(count, len(picture_names))
    np.minimum.at(smallest, component[len(seller_names) :], np.arange(len(picture_names)))
    group = component[sellers]
    names = picture_names.take(pa.array(smallest[group], mask=members[group] < 2))
    return _spread(flags.num_rows, known, names)


def _numbered(values: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Each value's place among the distinct ones in order, and these."""
    distinct = pc.unique(values).sort()
    places = pc.index_in(values, distinct)
    return places.to_numpy().astype(np.int64), distinct


def _spread(rows: int, known: pa.ChunkedArray, names: pa.Array) -> pa.Array:
    """``names`` in the rows that are ``known``, null in the others."""
    nothing = pa.nulls(rows, pa.string())
    return pc.replace_with_mask(nothing, known.combine_chunks(), names)
