import { clientSettings } from '../../../src/aws/clients.ts';
import { openDocuments } from '../../../src/aws/documents.ts';

export const documents = openDocuments(clientSettings());
