import { eagerSuite } from './support/eager-suite.js';

eagerSuite('js');
