// A dense array in shared memory with its shape: what files hold and what crosses threads.

export type DType = "f32" | "f64" | "i32" | "i64" | "u8" | "bool"

/** Row-major. `data` is always backed by a SharedArrayBuffer once it leaves the readers. */
export interface Tensor {
  readonly dtype: DType
  readonly shape: ReadonlyArray<number>
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array
}

/** Number of elements of a shape; 1 for a scalar. */
export const elementCount = (shape: ReadonlyArray<number>): number =>
  shape.reduce((product, extent) => product * extent, 1)

/** A zeroed float32 array in shared memory. */
export const sharedFloat32 = (length: number): Float32Array<SharedArrayBuffer> =>
  new Float32Array(new SharedArrayBuffer(length * 4))

/** A zeroed int32 array in shared memory. */
export const sharedInt32 = (length: number): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(length * 4))
