// Package africastalking holds what the packages below it share: [Money],
// [ParseTime] and [Network].
package africastalking
