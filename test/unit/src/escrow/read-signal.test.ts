import { describe, expect, test } from '@jest/globals';
import { UnusableEventError } from '../../../../src/errors.ts';
import type { PackagePolicy } from '../../../../src/escrow/package-decision.ts';
import { readSignal, SIGNAL_TYPES, type SignalPolicy } from '../../../../src/escrow/read-signal.ts';
import { ENDPOINT_STATE_CHANGE, MODEL_PACKAGE_STATE_CHANGE } from '../../../../src/events/catalogue.ts';
import { anEvent } from '../../../support/lambda-events.ts';

const AT = '2026-03-06T09:00:00Z';
const PACKAGE_ARN = 'arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/2';
const ENDPOINT_ARN = 'arn:aws:sagemaker:us-east-1:000000000000:endpoint/churn-scorer';

/** As SageMaker sends it. */
const A_PACKAGE = {
  ModelPackageGroupName: 'churn',
  ModelPackageVersion: 2,
  ModelPackageArn: PACKAGE_ARN,
  CreationTime: 1772784600000,
  InferenceSpecification: { Containers: [{ Image: 'xgboost:1.7-1' }] },
  ModelPackageStatus: 'Completed',
  ModelPackageStatusDetails: { ValidationStatuses: [], ImageScanStatuses: [] },
  CertifyForMarketplace: false,
  ModelApprovalStatus: 'Approved',
  CustomerMetadataProperties: { 'purple-flea:training-job': 'churn-1', team: 'retention' },
  LastModifiedTime: '2026-03-06T08:59:58.123Z',
};

const AN_ENDPOINT = {
  EndpointName: 'churn-scorer',
  EndpointArn: ENDPOINT_ARN,
  EndpointConfigName: 'churn-scorer-3',
  ProductionVariants: [{ VariantName: 'AllTraffic', CurrentWeight: 1 }],
  EndpointStatus: 'IN_SERVICE',
  CreationTime: '1772784600000',
  Tags: { 'purple-flea:training-job': 'churn-1' },
};

const POLICY: SignalPolicy = {
  home: { account: '000000000000', region: 'us-east-1' },
  packages: { by: 'approval-status' },
};

const readPackage = (overrides: object = {}, event: object = {}, packages: PackagePolicy = POLICY.packages) =>
  readSignal(anEvent(MODEL_PACKAGE_STATE_CHANGE, { ...A_PACKAGE, ...overrides }, { ...event }), {
    ...POLICY,
    packages,
  });
const readEndpoint = (overrides: object = {}, event: object = {}) =>
  readSignal(anEvent(ENDPOINT_STATE_CHANGE, { ...AN_ENDPOINT, ...overrides }, { ...event }), POLICY);

describe.each(['approved', 'rejected'] as const)('escrow.%s', (type) => {
  const read = (detail: object) => readSignal(anEvent(`escrow.${type}`, detail), POLICY);
  const SAID = { by: 'ann', reason: 'reviewed it' };

  test('is a decision over an escrow, or over the bonus of a training job, dated by its event', () => {
    const signal = { type, at: AT, ...SAID };

    expect(read({ escrowId: 'esc_1', ...SAID })).toEqual({ kind: 'signal', address: 'escrow:esc_1', signal });
    expect(read({ trainingJobName: 'churn-1', ...SAID })).toEqual({
      kind: 'signal',
      address: 'training-job:churn-1',
      signal,
    });
  });

  test.each([
    [{ requestId: 'labels-7' }, 'request:labels-7'],
    [{ requestId: 'labels-7', milestone: 'draft' }, 'request:labels-7/draft'],
    [{ requestId: 'labels/2026-03-06T06:00:00Z' }, 'request:labels/2026-03-06T06:00:00Z'],
  ])('may be over what %j names', (named, address) => {
    const signal = { type, at: AT, ...SAID };

    expect(read({ ...named, ...SAID })).toEqual({ kind: 'signal', address, signal });
  });

  test.each([
    [{ milestone: 'draft', ...SAID }, 'detail.escrowId: name either'],
    [{ escrowId: 'esc_1', milestone: 'draft', ...SAID }, 'detail.milestone: goes with requestId'],
    [{ escrowId: 'esc_1', requestId: 'labels-7', ...SAID }, 'detail.escrowId: name either'],
    [{ trainingJobName: 'churn-1', requestId: 'labels-7', ...SAID }, 'detail.escrowId: name either'],
    // It would be the address of the milestone `draft`.
    [{ requestId: 'labels-7/draft', ...SAID }, 'detail.requestId: expected 1 to 100 of'],
    [{ requestId: 'labels-7', milestone: 'a/b', ...SAID }, 'detail.milestone: expected 1 to 40 of'],
    [{ ...SAID }, 'detail.escrowId: name either escrowId or trainingJobName or requestId'],
    [{ escrowId: 'esc_1', trainingJobName: 'churn-1', ...SAID }, 'detail.escrowId: name either'],
    [{ escrowId: 'esc_1', by: 'ann' }, 'detail.reason: '],
    [{ escrowId: 'esc_1', reason: 'x' }, 'detail.by: '],
    [{ escrowId: 'esc_1', by: '', reason: 'x' }, 'detail.by: '],
    [{ escrowId: 'esc_1', by: 'x'.repeat(201), reason: 'x' }, 'detail.by: '],
    [{ escrowId: 'esc_1', by: 'ann', reason: 'x'.repeat(501) }, 'detail.reason: '],
    [{ escrowId: 7, ...SAID }, 'detail.escrowId: '],
    [{ escrowId: 'x'.repeat(101), ...SAID }, 'detail.escrowId: '],
    [{ trainingJobName: 'x'.repeat(64), ...SAID }, 'detail.trainingJobName: '],
    [
      { escrowId: 'esc_1', ...SAID, amount: 5 },
      'detail: unknown: amount; allowed: escrowId, trainingJobName or requestId (and milestone), by, reason',
    ],
  ])('%j is unusable, by the name of the field', (detail, message) => {
    expect(() => read(detail)).toThrow(UnusableEventError);
    expect(() => read(detail)).toThrow(message);
  });
});

describe('a model package', () => {
  test('that is approved approves the bonus of the job that its metadata names', () => {
    expect(readPackage()).toEqual({
      kind: 'signal',
      address: 'training-job:churn-1',
      signal: {
        type: 'approved',
        at: AT,
        by: `the approver of ${PACKAGE_ARN}`,
        reason: `model package ${PACKAGE_ARN} is Approved`,
      },
    });
  });

  test('that is rejected rejects it, or the escrow that it names', () => {
    const rejected = { ModelApprovalStatus: 'Rejected', CustomerMetadataProperties: { 'purple-flea:escrow': 'esc_1' } };

    expect(readPackage(rejected)).toMatchObject({ address: 'escrow:esc_1', signal: { type: 'rejected' } });
  });

  test('says who decided and why, where SageMaker does', () => {
    const said = { LastModifiedBy: { UserProfileName: 'ann' }, ApprovalDescription: 'beats the last one' };

    expect(readPackage(said)).toMatchObject({
      signal: { by: `ann, approver of ${PACKAGE_ARN}`, reason: 'beats the last one' },
    });
  });

  test.each([
    { LastModifiedBy: {} },
    { LastModifiedBy: null },
    { LastModifiedBy: 'ann' },
    { LastModifiedBy: { UserProfileName: null } },
    { ApprovalDescription: null },
    { ApprovalDescription: '' },
    { ModelPackageStatus: null },
  ])('is no less a decision where its record is untidy: %j', (untidy) => {
    expect(readPackage(untidy)).toEqual(readPackage());
  });

  test('has the texts cut to what goes into a record', () => {
    const { signal } = readPackage({
      ModelPackageArn: `${PACKAGE_ARN}${'x'.repeat(300)}`,
      ApprovalDescription: 'y'.repeat(1024),
    }) as { signal: { by: string; reason: string } };

    expect([signal.by.length, signal.reason.length]).toEqual([200, 500]);
    expect([signal.by.at(-1), signal.reason.at(-1)]).toEqual(['…', '…']);
  });

  test.each([{}, { team: 'retention' }, null, undefined])('with the metadata %j is none of ours', (metadata) => {
    expect(readPackage({ CustomerMetadataProperties: metadata })).toEqual({
      kind: 'ignored',
      about: PACKAGE_ARN,
      reason: 'its metadata has no purple-flea:training-job or purple-flea:escrow',
    });
  });

  test.each(['Pending', 'InProgress', 'Failed', 'Deleting'])(
    'that is approved while it is %s approves nothing',
    (status) => {
      expect(readPackage({ ModelPackageStatus: status })).toMatchObject({ kind: 'ignored' });
      expect(readPackage({ ModelPackageStatus: status, ModelApprovalStatus: 'Rejected' })).toMatchObject({
        signal: { type: 'rejected' },
      });
    },
  );

  test.each([
    [{ ModelApprovalStatus: 'PendingManualApproval' }, 'detail.ModelApprovalStatus: '],
    [{ ModelApprovalStatus: undefined }, 'detail.ModelApprovalStatus: '],
    [{ ModelPackageArn: undefined }, 'detail.ModelPackageArn: '],
    [
      { CustomerMetadataProperties: { 'purple-flea:training-job': '' } },
      'detail.CustomerMetadataProperties.purple-flea:training-job: ',
    ],
    [
      { CustomerMetadataProperties: { 'purple-flea:training-job': 'x'.repeat(64) } },
      'detail.CustomerMetadataProperties.purple-flea:training-job: ',
    ],
    [
      { CustomerMetadataProperties: { 'purple-flea:training-job': 'churn-1', 'purple-flea:escrow': 'esc_1' } },
      'detail.CustomerMetadataProperties: name either purple-flea:training-job or purple-flea:escrow',
    ],
    [{ CustomerMetadataProperties: 'churn-1' }, 'detail.CustomerMetadataProperties: '],
  ])('with %j is unusable, by the name of the field', (overrides, message) => {
    expect(() => readPackage(overrides)).toThrow(message);
  });
});

describe('an endpoint', () => {
  test.each(['IN_SERVICE', 'InService'])(
    'that is %s delivers the bonus of the job that its tag names',
    (EndpointStatus) => {
      expect(readEndpoint({ EndpointStatus })).toEqual({
        kind: 'signal',
        address: 'training-job:churn-1',
        signal: { type: 'delivered', at: AT, deliveredBy: ENDPOINT_ARN, note: 'endpoint churn-scorer is in service' },
      });
    },
  );

  test('may have its tags in a list', () => {
    const Tags = [
      { Key: 'team', Value: 'retention' },
      { Key: 'purple-flea:training-job', Value: 'churn-1' },
    ];

    expect(readEndpoint({ Tags })).toEqual(readEndpoint());
  });

  test('may name an escrow instead', () => {
    expect(readEndpoint({ Tags: { 'purple-flea:escrow': 'esc_1' } })).toMatchObject({ address: 'escrow:esc_1' });
  });

  test.each([{}, [], null, undefined, [{ Key: 'team', Value: 'x' }]])('with the tags %j is none of ours', (Tags) => {
    expect(readEndpoint({ Tags })).toMatchObject({ kind: 'ignored', about: ENDPOINT_ARN });
  });

  test.each([
    [{ EndpointStatus: 'CREATING' }, 'detail.EndpointStatus: '],
    [{ EndpointArn: undefined }, 'detail.EndpointArn: '],
    [{ Tags: { 'purple-flea:training-job': 7 } }, 'detail.Tags.purple-flea:training-job: '],
    [{ Tags: [{ Key: 'purple-flea:training-job', Value: '' }] }, 'detail.Tags.purple-flea:training-job: '],
    [{ Tags: 'purple-flea:training-job' }, 'detail.Tags: '],
    [{ Tags: [{ Name: 'purple-flea:training-job' }] }, 'detail.Tags: '],
  ])('with %j is unusable, by the name of the field', (overrides, message) => {
    expect(() => readEndpoint(overrides)).toThrow(message);
  });
});

describe('a model package whose update did not change its approval', () => {
  test.each([['ModelLifeCycle'], ['CustomerMetadataProperties'], ['ApprovalDescription', 'ModelPackageStatus'], []])(
    'decides nothing: %s',
    (...fields) => {
      for (const ModelApprovalStatus of ['Approved', 'Rejected']) {
        const update = { ModelApprovalStatus, UpdatedModelPackageFields: fields };
        expect(readPackage(update)).toEqual({
          kind: 'ignored',
          about: PACKAGE_ARN,
          reason: `the update changed ${fields.join(', ') || 'nothing'}, and not ModelApprovalStatus`,
        });
      }
    },
  );

  test.each([['ModelApprovalStatus'], ['ApprovalDescription', 'ModelApprovalStatus']])(
    'is not one whose fields say so: %s',
    (...fields) => {
      expect(readPackage({ UpdatedModelPackageFields: fields })).toEqual(readPackage());
    },
  );
});

describe('a model package whose life cycle decides', () => {
  const BY_STAGES: PackagePolicy = {
    by: 'life-cycle',
    approved: [
      { stage: 'Production', status: 'Approved' },
      { stage: 'Staging', status: 'Released' },
    ],
    rejected: [{ stage: 'Production', status: 'Rejected' }],
  };
  const inStage = (Stage: unknown, StageStatus: unknown, overrides: object = {}) =>
    readPackage(
      { ModelLifeCycle: { Stage, StageStatus }, UpdatedModelPackageFields: ['ModelLifeCycle'], ...overrides },
      {},
      BY_STAGES,
    );

  test.each([
    ['Production', 'Approved', 'approved'],
    ['Staging', 'Released', 'approved'],
    ['Production', 'Rejected', 'rejected'],
  ])('goes into stage %s as %s: it is %s', (stage, status, type) => {
    const pending = { ModelApprovalStatus: 'PendingManualApproval' };

    expect(inStage(stage, status, pending)).toMatchObject({
      address: 'training-job:churn-1',
      signal: { type, reason: `model package ${PACKAGE_ARN} is ${status} in stage ${stage}` },
    });
    expect(
      inStage(stage, status, { ModelApprovalStatus: undefined, UpdatedModelPackageFields: undefined }),
    ).toMatchObject({
      signal: { type },
    });
  });

  test.each([
    ['a stage that is not listed', 'Staging', 'Approved', {}],
    ['its approval alone', 'Production', 'Approved', { UpdatedModelPackageFields: ['ModelApprovalStatus'] }],
    ['no life cycle', 'Production', 'Approved', { ModelLifeCycle: undefined }],
    ['an untidy one', 7, null, {}],
  ])('is ignored with %s', (_case, stage, status, overrides) => {
    expect(inStage(stage, status, overrides)).toMatchObject({ kind: 'ignored', about: PACKAGE_ARN });
  });

  test('is no approval while the package is not usable', () => {
    expect(inStage('Production', 'Approved', { ModelPackageStatus: 'Failed' })).toMatchObject({
      kind: 'ignored',
      reason: 'it is approved, but Failed',
    });
  });
});

describe.each([
  ['model package', readPackage, 'ModelPackageArn', PACKAGE_ARN],
  ['endpoint', readEndpoint, 'EndpointArn', ENDPOINT_ARN],
] as const)('a %s from elsewhere', (_what, read, field, arn) => {
  test.each([
    ['an event of another account', {}, { account: '999999999999' }, 'event.account: is "999999999999"'],
    ['an event of another region', {}, { region: 'eu-west-1' }, 'event.region: is "eu-west-1"'],
    ['another account', { [field]: arn.replace('000000000000', '999999999999') }, {}, `detail.${field}: is "`],
    ['another region', { [field]: arn.replace('us-east-1', 'eu-west-1') }, {}, `detail.${field}: is "`],
    ['no ARN', { [field]: 'churn' }, {}, `detail.${field}: is "churn"`],
  ])('is refused with the reason: %s', (_case, detail, event, reason) => {
    expect(() => read(detail, event)).toThrow(UnusableEventError);
    expect(() => read(detail, event)).toThrow(reason);
  });
});

describe('the time of an event', () => {
  test.each([
    ['2026-03-06T09:00:00Z', '2026-03-06T09:00:00Z'],
    ['2026-03-06T09:00:00.123Z', '2026-03-06T09:00:00.123Z'],
    [1772787600123, '2026-03-06T09:00:00Z'],
    ['1772787600123', '2026-03-06T09:00:00Z'],
  ])('may be written as %j', (time, at) => {
    expect(readEndpoint({}, { time })).toMatchObject({ signal: { at } });
  });

  test.each(['yesterday', '', '1772787600', 1772787600, 1772787600123.5, -1772787600123, null, '2026-03-06'])(
    'may not be %j',
    (time) => {
      expect(() => readEndpoint({}, { time })).toThrow('event.time: ');
    },
  );
});

test('a type that no signal is read from is unusable, and those that may be sent are named', () => {
  const read = () => readSignal(anEvent('escrow.aproved', {}), POLICY);

  expect(read).toThrow(UnusableEventError);
  for (const type of SIGNAL_TYPES) expect(read).toThrow(`"${type}"`);
});
