/** What kind of telephone calls (ITU-T Q.763, 3.11; 3GPP TS 24.229, 7.2A.12); ordinary ones have none. */
export type Category =
  | 'priority'
  | 'operator'
  | 'test'
  | 'data'
  | 'payphone'
  | 'mobile'
  | 'roaming'
  | 'prison'
  | 'hotel'
  | 'hospital'
  | 'police'
