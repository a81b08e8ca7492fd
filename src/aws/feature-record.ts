import type { FeatureReaders } from '../inference/features.ts';
import type { ReadRecord } from './services.ts';

/**
 * Reads features of a record of the online store of SageMaker Feature Store. A feature without a value, and one whose value is
 * a list, is not among them.
 */
export function createReadRecord(readRecord: ReadRecord): FeatureReaders['readRecord'] {
  return async (featureGroup, recordId, names) => {
    const { Record: values = [] } = await readRecord(featureGroup, recordId, names);
    return new Map(
      values.flatMap(({ FeatureName, ValueAsString }) =>
        FeatureName === undefined || ValueAsString === undefined ? [] : [[FeatureName, ValueAsString] as const],
      ),
    );
  };
}
