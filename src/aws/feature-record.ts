import {
  GetRecordCommand,
  type SageMakerFeatureStoreRuntimeClient,
} from '@aws-sdk/client-sagemaker-featurestore-runtime';
import type { FeatureReaders } from '../inference/features.ts';

/**
 * Reads features of a record of the online store of SageMaker Feature Store. A feature without a value, and one whose value is
 * a list, is not among them.
 */
export function createReadRecord(featureStore: SageMakerFeatureStoreRuntimeClient): FeatureReaders['readRecord'] {
  return async (featureGroup, recordId, names) => {
    const { Record: values = [] } = await featureStore.send(
      new GetRecordCommand({
        FeatureGroupName: featureGroup,
        RecordIdentifierValueAsString: recordId,
        FeatureNames: [...names],
      }),
    );
    return new Map(
      values.flatMap(({ FeatureName, ValueAsString }) =>
        FeatureName === undefined || ValueAsString === undefined ? [] : [[FeatureName, ValueAsString] as const],
      ),
    );
  };
}
