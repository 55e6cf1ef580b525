from axonc.ir import Graph


def recognise(graph: Graph) -> tuple[Graph, str]:
    return graph, ""
