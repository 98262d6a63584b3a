from kuai.linkage.engine.components import Edges
from kuai.linkage.engine.keys import LinkKey
MODEL_KEYS=(LinkKey("model",.98,"模型"),)
def model_edges(connection): return Edges.empty()
