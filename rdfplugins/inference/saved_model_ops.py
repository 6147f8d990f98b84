"""Operations that a SavedModel may hold: those that compute with tensors and variables, and nothing else.

A graph can also read and write files, call Python, open connections, load libraries and log to files. None of these is
on the list, nor is what is not known: an operation is added here after its documentation was read.
"""

from __future__ import annotations

_STRUCTURE = """
    Const Placeholder PlaceholderWithDefault Identity IdentityN NoOp StopGradient PreventGradient Snapshot Assert
    CheckNumerics EnsureShape ShapeN Shape Size Rank PartitionedCall StatefulPartitionedCall If StatelessIf Case
    StatelessCase While StatelessWhile Switch Merge Enter Exit NextIteration LoopCond ControlTrigger RefSwitch RefMerge
    FakeParam _Arg _Retval _DeviceArg _DeviceRetval
"""

_VARIABLES = """
    VarHandleOp ReadVariableOp AssignVariableOp AssignAddVariableOp AssignSubVariableOp VarIsInitializedOp
    VariableShape ResourceGather ResourceGatherNd ResourceScatterAdd ResourceScatterUpdate DestroyResourceOp
    DisableCopyOnRead VariableV2 Variable Assign AssignAdd AssignSub IsVariableInitialized
"""

_ARITHMETIC = """
    Abs Neg Sign Square Sqrt Rsqrt Reciprocal Inv Exp Expm1 Log Log1p Sin Cos Tan Asin Acos Atan Atan2 Sinh Cosh Asinh
    Acosh Atanh Erf Erfc Erfinv Ndtri Lgamma Digamma Polygamma Igamma Igammac Zeta Betainc BesselI0e BesselI1e Floor
    Ceil Round Rint Add AddV2 AddN AccumulateNV2 Sub Mul MulNoNan Div RealDiv DivNoNan FloorDiv FloorMod Mod TruncateDiv
    TruncateMod Pow Xdivy Xlogy Xlog1py SquaredDifference Maximum Minimum ClipByValue Cast Bitcast Complex ComplexAbs
    Real Imag Angle Conj IsNan IsInf IsFinite Equal NotEqual ApproximateEqual Less LessEqual Greater GreaterEqual
    LogicalAnd LogicalOr LogicalNot Select SelectV2 Where BitwiseAnd BitwiseOr BitwiseXor Invert LeftShift RightShift
    NextAfter Cross Bincount DenseBincount Bucketize
"""

_ALGEBRA = """
    MatMul BatchMatMul BatchMatMulV2 BatchMatMulV3 SparseMatMul Einsum Cholesky CholeskyGrad Qr Svd SelfAdjointEigV2
    MatrixInverse MatrixSolve MatrixTriangularSolve MatrixDeterminant LogMatrixDeterminant MatrixDiag MatrixDiagV2
    MatrixDiagV3 MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3
    MatrixBandPart Diag DiagPart
"""

_REDUCTIONS = """
    Sum Mean Prod Max Min All Any ArgMax ArgMin Cumsum Cumprod CumulativeLogsumexp EuclideanNorm L2Loss SegmentSum
    SegmentMean SegmentMax SegmentMin SegmentProd UnsortedSegmentSum UnsortedSegmentMax UnsortedSegmentMin
    UnsortedSegmentProd SparseSegmentSum SparseSegmentMean TopK TopKV2 InTopK InTopKV2 NthElement
"""

_SHAPES = """
    Reshape ExpandDims Squeeze Transpose Concat ConcatV2 ConcatOffset Split SplitV Pack Unpack Stack Unstack Tile Slice
    StridedSlice StridedSliceGrad TensorStridedSliceUpdate Pad PadV2 MirrorPad Gather GatherV2 GatherNd ScatterNd
    TensorScatterUpdate TensorScatterAdd TensorScatterSub TensorScatterMax TensorScatterMin Reverse ReverseV2
    ReverseSequence InvertPermutation Fill ZerosLike OnesLike Range LinSpace OneHot BroadcastTo BroadcastArgs
    BroadcastGradientArgs Roll Unique UniqueV2 UniqueWithCounts ListDiff SearchSorted LowerBound UpperBound
    BatchToSpace BatchToSpaceND SpaceToBatch SpaceToBatchND SpaceToDepth DepthToSpace DynamicPartition DynamicStitch
    ParallelDynamicStitch ExtractImagePatches TensorListReserve TensorListFromTensor TensorListStack TensorListGetItem
    TensorListSetItem TensorListElementShape TensorListLength TensorListPushBack TensorListPopBack EmptyTensorList
    TensorListConcatV2 TensorListGather TensorListScatterV2 TensorListResize TensorArrayV3 TensorArrayReadV3
    TensorArrayWriteV3 TensorArrayGatherV3 TensorArrayScatterV3 TensorArraySizeV3 TensorArrayCloseV3
    RaggedTensorToTensor RaggedTensorToSparse RaggedTensorFromVariant RaggedTensorToVariant RaggedRange RaggedGather
    SparseTensorDenseMatMul SparseToDense SparseReorder SparseReshape SparseConcat SparseSlice
"""

_NETWORKS = """
    BiasAdd BiasAddV1 Relu Relu6 Elu Selu Softplus Softsign Softmax LogSoftmax Sigmoid Tanh LeakyRelu Conv Conv2D Conv3D
    DepthwiseConv2dNative Conv2DBackpropInput Conv2DBackpropInputV2 Conv3DBackpropInputV2 Dilation2D MaxPool MaxPoolV2
    MaxPool3D AvgPool AvgPool3D FractionalAvgPool FractionalMaxPool FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN
    BatchNormWithGlobalNormalization ResizeBilinear ResizeNearestNeighbor ResizeBicubic CudnnRNN CudnnRNNV2 CudnnRNNV3
    CudnnRNNCanonicalToParams CudnnRNNParamsSize LSTMBlockCell BlockLSTM BlockLSTMV2 GRUBlockCell
    SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits
"""

# what is traced for the training and saved with it
_TRAINING = """
    ReluGrad Relu6Grad EluGrad SeluGrad SoftplusGrad SoftsignGrad SigmoidGrad TanhGrad LeakyReluGrad SqrtGrad RsqrtGrad
    ReciprocalGrad BiasAddGrad Conv2DBackpropFilter Conv3DBackpropFilterV2 DepthwiseConv2dNativeBackpropInput
    DepthwiseConv2dNativeBackpropFilter MaxPoolGrad AvgPoolGrad FusedBatchNormGradV3 CudnnRNNBackpropV3
    ResizeNearestNeighborGrad ResizeBilinearGrad MirrorPadGrad
    RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal RandomShuffle Multinomial Bernoulli
    StatelessRandomUniform StatelessRandomUniformV2 StatelessRandomUniformInt StatelessRandomUniformIntV2
    StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2 StatelessRandomNormal StatelessRandomNormalV2
    StatelessTruncatedNormal StatelessTruncatedNormalV2 StatelessRandomGetKeyCounter StatelessRandomGetAlg
    StatelessRandomGetKeyCounterAlg StatelessMultinomial RngSkip RngReadAndSkip StatefulUniform StatefulStandardNormalV2
"""

# names of checkpoints are put together with these
_TEXTS = "StringJoin StaticRegexFullMatch ShardedFilename AsString StringFormat"

_ALL = (_STRUCTURE, _VARIABLES, _ARITHMETIC, _ALGEBRA, _REDUCTIONS, _SHAPES, _NETWORKS, _TRAINING, _TEXTS)
COMPUTING = frozenset(" ".join(_ALL).split())
"""What any part of a graph may hold."""

CHECKPOINTS = frozenset({"Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2"})
"""What the part may hold, besides, that saves and restores the variables; TensorFlow itself gives it the path."""
