// The seam for whatever looks at pictures: the member's own, and frames of the finished clip.

export interface Classifier {
  /**
   * Whether all of these PNGs may be shown. Throws OperationError `classifier_unavailable` when it cannot tell: then nothing is
   * rendered or handed over until it can.
   */
  allows(pictures: Buffer[]): Promise<boolean>;
}
