import { EditPen } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['attendance.propose_correction', 'attendance.check_correction']

export default {
  routes: [{ path: 'corrections', name: 'corrections', meta: { title: '考勤更正', permissions }, component: () => import('./pages/CorrectionsPage.vue') }],
  menu: [{ title: '考勤更正', path: '/corrections', icon: EditPen, order: 50, permissions }],
} satisfies ConsoleModule
