import type { ConsoleModule } from '@/console/module'
import alerts from './alerts/module'
import batches from './batches/module'
import corrections from './corrections/module'
import cycles from './cycles/module'
import deadlines from './deadlines/module'
import delegations from './delegations/module'
import duties from './duties/module'
import feed from './feed/module'
import jobs from './jobs/module'
import late from './late/module'
import messages from './messages/module'
import reports from './reports/module'
import schemes from './schemes/module'
import seals from './seals/module'
import statements from './statements/module'
import tasks from './tasks/module'
import waiting from './waiting/module'

export const MODULES: readonly ConsoleModule[] = [tasks, cycles, statements, alerts, corrections, feed, reports, late, seals, schemes, messages, waiting, deadlines, duties, jobs, delegations, batches]

export const MENU = MODULES.flatMap((module) => module.menu).sort((a, b) => a.order - b.order)
