import type { PhoneModule } from '@/mobile/module'
import alerts from './alerts/module'
import batches from './batches/module'
import delegations from './delegations/module'
import home from './home/module'
import messages from './messages/module'
import seals from './seals/module'
import session from './session/module'
import tasks from './tasks/module'
import waiting from './waiting/module'

export const MODULES: readonly PhoneModule[] = [session, home, tasks, messages, waiting, seals, alerts, delegations, batches]
export const TABS = MODULES.flatMap((module) => module.tabs).sort((a, b) => a.order - b.order)
