import { TestEnvironment } from 'jest-environment-node';
import vm from 'node:vm';

/**
 * Jest's environment for Node with a plain global object. Jest's own is a proxy behind interceptors, which every use of
 * `Date` or `Map` goes through: files that compute take up to half as long again. Jest has no setting for it, so that its call of
 * `createContext` is answered here.
 */
export default class PlainEnvironment extends TestEnvironment {
  constructor(...args) {
    const { createContext } = vm;
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(...args);
    } finally {
      vm.createContext = createContext;
    }
  }
}
